"""The rules: who may enter, how work moves, what an answer must hold, what a score is. No Flask, SQL or clock."""
