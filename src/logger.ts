import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import { InferenceError } from './errors.ts';

const LONGEST_TEXT = 512;
const LONGEST_STACK = 4096;

/** Fields that are bound to child loggers, which pino formats by serializers only. */
const CLIENT_FIELDS = ['id', 'reqId', 'model', 'version', 'variant', 'url'];

/**
 * JSON lines: `level` in words, `time` as ISO 8601 in UTC, `msg`. Texts a client may have had a hand in lose their
 * control characters and everything beyond 512 characters; bytes and tensors are never written, only their size.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: cleanFields },
    serializers: {
      ...Object.fromEntries(CLIENT_FIELDS.map((field) => [field, cleanValue])),
      err: serializeError,
      error: serializeError,
      req: serializeRequest,
    },
    hooks: {
      logMethod(args, method) {
        const cleaned = args.map((each: unknown) => (typeof each === 'string' ? cleanText(each) : each));
        method.apply(this, cleaned as typeof args);
      },
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Replaces control characters (line breaks and terminal escapes among them) and cuts at `longest`. */
export function cleanText(text: string, longest = LONGEST_TEXT): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}...` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

function cleanFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, cleanValue(value)]));
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return String(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `${value.byteLength} bytes`;
  return value;
}

/** The error, its code and its cause; line breaks stay in stacks only. */
function serializeError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return cleanValue(thrown);
  const { name, message, stack = '' } = thrown;
  return {
    type: name,
    ...(thrown instanceof InferenceError ? { code: thrown.code } : {}),
    message: cleanText(message),
    stack: cleanStack(stack),
    ...(thrown.cause === undefined ? {} : { cause: serializeError(thrown.cause) }),
  };
}

const cleanStack = (stack: string): string =>
  stack
    .slice(0, LONGEST_STACK)
    .split('\n')
    .map((line) => cleanText(line))
    .join('\n');

function serializeRequest({ method, url, ip }: { method?: string; url?: string; ip?: string }): unknown {
  return { method, url: cleanText(String(url ?? '')), remoteAddress: ip };
}
