const JSON_TYPE = /^(application\/(json|[\w.-]+\+json|x-www-form-urlencoded)|text\/plain)$/;

/** What a body is, from its `Content-Type`. */
export type BodyKind = 'json' | 'octets' | 'image' | 'other';

/**
 * Judges the parsed value, not its spelling. A missing type is JSON, because Triton's clients send none; so are a form
 * type and plain text, because that is what curl's `-d` and `fetch` with a string say unless told otherwise. JSON is
 * UTF-8 and nothing else.
 */
export function bodyKind(contentType: string | undefined): BodyKind {
  if (contentType === undefined || contentType.trim() === '') return 'json';
  const [essence = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (essence === 'application/octet-stream') return 'octets';
  if (/^(image|audio)\/[\w.+-]+$/.test(essence)) return 'image';
  if (!JSON_TYPE.test(essence)) return 'other';
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  return charset === undefined || /^"?(utf-?8|us-ascii)"?$/.test(charset) ? 'json' : 'other';
}
