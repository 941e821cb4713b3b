/** Longest model name with variant in a path (128 + 1 + 128), percent-encoded in the worst case. */
export const MAX_PARAMETER = 771;
