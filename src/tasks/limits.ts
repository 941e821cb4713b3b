/** Texts of one request: as many as OpenAI's clients send. More would wait long without batching any better. */
export const MAX_TEXTS = 2048;

/** UTF-8 bytes of one text: far beyond what any encoder reads, and a bound on the time a tokenizer can take. */
export const MAX_TEXT_BYTES = 1 << 20;

/** Classes in an answer that does not say `top_k`; the default of the hosted Hugging Face API. */
export const DEFAULT_TOP_K = 5;

/** Runs of one request that may be in the queue at the same time, so that a long list cannot fill it alone. */
export const MAX_RUNS_IN_FLIGHT = 8;

/** Pixels of an image; its header is read before anything is decoded. Phones make 48 megapixels. */
export const MAX_IMAGE_PIXELS = 50_000_000;

/** Images of one request. */
export const MAX_IMAGES = 64;
