"""What experiments share: engines, samples, remedies, kept results, files, progress."""
