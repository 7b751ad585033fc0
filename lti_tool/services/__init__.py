"""The verbs: one public function is one use-case, one transaction and, if it changed something, one audit fact."""
