"""What an image is: names, digests, manifests, layers and archives as pure data and bytes."""
