"""What of this Python an image needs: its packages, at its versions."""
