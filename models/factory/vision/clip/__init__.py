"""An image tower and a text tower in one space, trained on captions made from class names."""
