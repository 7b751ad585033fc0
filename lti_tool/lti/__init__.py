"""The door: LTI 1.3 messages and services. The only floor that imports pylti1p3 or knows a claim's address."""
