/**
 * Puts generated text into a page, each between `<!-- name -->` and `<!-- /name -->`, so that what is written by hand
 * stays. Throws for a name that the page does not have.
 */
export function replaceTables(page: string, tables: ReadonlyMap<string, string>): string {
  let text = page;
  for (const [name, table] of tables) {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const from = text.indexOf(open);
    const to = text.indexOf(close);
    if (from < 0 || to < from) throw new RangeError(`the page has no place for '${name}'`);
    text = `${text.slice(0, from + open.length)}\n\n${table}\n\n${text.slice(to)}`;
  }
  return text;
}
