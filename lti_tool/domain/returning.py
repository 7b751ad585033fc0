"""What is told when a plan comes back: one sentence, the same in the gradebook and for a facilitator to pass on."""


def tell_return(plan_name: str, changes: int) -> str:
    """The sentence; ``changes`` are the questions the review names, none where it says all in one comment."""
    if changes == 0:
        return f"Your {plan_name} came back with a comment. Open it from the course to see it."
    if changes == 1:
        return f"Your {plan_name} came back with 1 thing to change. Open it from the course to see it."
    return f"Your {plan_name} came back with {changes} things to change. Open it from the course to see them."
