import { type JsonObject, objectField, textField } from './export-folder.ts';

/** Class names from `id2label` of config.json; a class without one is `LABEL_<index>`, as transformers names it. */
export function labelsOf(config: JsonObject): (index: number) => string {
  const names = objectField(config, 'id2label') ?? {};
  return (index) => textField(names, String(index)) ?? `LABEL_${index}`;
}
