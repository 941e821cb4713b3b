import { describe, expect, it } from 'vitest';
import { bodyKind } from '../../../src/gateway/media-type.ts';

describe('the kind of a body', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['application/json', 'json'],
    ['Application/JSON; charset=UTF-8', 'json'],
    ['application/json;charset="utf-8"', 'json'],
    ['application/vnd.api+json', 'json'],
    ['application/x-www-form-urlencoded', 'json'],
    ['application/octet-stream', 'octets'],
    ['application/octet-stream; x=y', 'octets'],
    ['image/jpeg', 'image'],
    ['image/svg+xml', 'image'],
    ['audio/wav', 'image'],
    ['application/json; charset=latin1', 'other'],
    ['application/jsonp', 'other'],
    ['text/plain;charset=UTF-8', 'json'],
    ['text/csv', 'other'],
    ['text/html; x=application/json', 'other'],
    ['multipart/form-data; boundary=x', 'other'],
  ])('of %j is %s', (contentType, kind) => {
    expect(bodyKind(contentType)).toBe(kind);
  });
});
