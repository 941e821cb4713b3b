"""Which labels do an image's nearest neighbours bear?"""

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors


def neighbour_opinions(pixels: np.ndarray, labels: pd.Series, seed: int, components: int = 32, neighbours: int = 25) -> pd.DataFrame:
    """The commonest label among the nearest other images, and its share, by the index of `labels`.

    Distances are Euclidean between the first principal components of the pixels [rows, height, width]. No image is its
    own neighbour, so every opinion is out of fold.
    """
    flat = pixels.reshape(len(pixels), -1).astype(np.float32) / 255
    points = PCA(components, svd_solver="randomized", random_state=seed).fit_transform(flat)
    names, codes = np.unique(labels, return_inverse=True)
    near = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(points).kneighbors(return_distance=False)
    votes = np.stack([(codes[near] == code).mean(1) for code in range(len(names))], 1)
    return pd.DataFrame({"suggested": names[votes.argmax(1)], "confidence": votes.max(1)}, index=labels.index)
