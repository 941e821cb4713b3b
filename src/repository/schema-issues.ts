import type { z } from 'zod';

/** One line for all that a schema found wrong, each part naming its key. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const at = issue.path.map(String);
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => `unknown key '${[...at, key].join('.')}'`).join('; ');
      }
      return at.length === 0 ? issue.message : `'${at.join('.')}': ${issue.message}`;
    })
    .join('; ');
}
