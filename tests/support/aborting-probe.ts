/** A probe that ends as one does in which the runtime aborts. */
process.once('message', () => process.abort());
