import { describe, it } from 'vitest';
import { expectClose, exportFolder, referenceCases } from '../../support/tasks/reference.ts';
import { serveExport } from '../../support/tasks/served-export.ts';

interface Case {
  readonly body: { readonly inputs: string; readonly parameters: { readonly aggregation_strategy: string } };
  readonly answer: unknown;
}

describe.each(['bert-ner', 'bert-ner-cased', 'roberta-ner', 'unigram-ner'])(
  '%s finds the entities and offsets that the Python pipeline finds',
  (name) => {
    const serving = serveExport(exportFolder(name));
    const cases = referenceCases<Case>(name).map(
      (each) =>
        [
          each.body.parameters.aggregation_strategy,
          JSON.stringify(each.body.inputs).slice(0, 60),
          each,
        ] as const,
    );

    it.each(cases)('%s: %s', async (_strategy, _text, { body, answer }) => {
      const { tasks } = await serving;
      expectClose((await tasks.run({ model: 'model', body })).body, answer);
    });
  },
);
