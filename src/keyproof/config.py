"""Settings: what keyproof.yaml says, checked."""
