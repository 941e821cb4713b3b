import { describe, it } from 'vitest';
import { expectClose, exportFolder, referenceCases } from '../../support/tasks/reference.ts';
import { serveExport } from '../../support/tasks/served-export.ts';

interface Case {
  readonly body?: { readonly inputs: unknown; readonly parameters: Record<string, unknown> };
  readonly answer: unknown;
}

describe.each(['bert-classifier', 'distilbert-multilabel', 'roberta-nli', 'cross-encoder'])(
  '%s classifies as the Python pipeline does',
  (name) => {
    const cases = referenceCases<Case>(name).filter(
      ({ body }) => body !== undefined && !('candidate_labels' in body.parameters),
    );
    const serving = serveExport(exportFolder(name));

    it.each(cases.map((each) => [JSON.stringify(each.body).slice(0, 90), each] as const))(
      '%s',
      async (_, { body, answer }) => {
        const { tasks } = await serving;
        expectClose((await tasks.run({ model: 'model', body })).body, answer);
      },
    );
  },
);
