"""The rehearsal of a deployment: the very artefact that goes to AWS, on emulators."""
