"""The rooms: blueprints parse a form, call one service and render a page."""
