import { InferenceClient } from '@huggingface/inference';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJson, startTestServer, type TestServer } from '../support/start-server.ts';
import { repositoryOf } from '../support/tasks/export-files.ts';
import { expectClose, imageBytes, referenceCases } from '../support/tasks/reference.ts';

let server: TestServer;

const EXPORTS = [
  'bert-classifier',
  'roberta-nli',
  'cross-encoder',
  'bert-ner',
  'minilm-embedder',
  'vit-classifier',
  'clip',
  'clip-towers',
];

beforeAll(async () => {
  server = await startTestServer(repositoryOf(EXPORTS));
});

afterAll(() => server[Symbol.asyncDispose]());

const post = (path: string, body: unknown) =>
  fetch(`${server.rest}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

interface ImageCase {
  readonly image: string;
  readonly parameters: { readonly candidate_labels: string[] };
  readonly answer: unknown;
}

interface TextCase {
  readonly body: { readonly inputs: string; readonly parameters: Record<string, unknown> };
  readonly answer: unknown;
}

/** The reference answer to the first text. */
const firstCase = (name: string): TextCase => {
  const [first] = referenceCases<TextCase>(name);
  if (first === undefined) throw new Error(`${name} has no cases`);
  return first;
};

describe('the Hugging Face client', () => {
  const client = (model: string) =>
    new InferenceClient(undefined, { endpointUrl: `${server.rest}/models/${model}` });

  it('classifies a text', async () => {
    const { body, answer } = firstCase('bert-classifier');
    const labels = await client('bert-classifier').textClassification({ inputs: body.inputs });
    expectClose([labels], answer);
  });

  it('classifies a text without training', async () => {
    const scores = await client('roberta-nli').zeroShotClassification({
      inputs: 'a goal in the last minute',
      parameters: { candidate_labels: ['sports', 'politics'] },
    });
    expect(scores.map(({ label }) => label).sort()).toEqual(['politics', 'sports']);
  });

  it('finds entities', async () => {
    const [simple] = referenceCases<TextCase>('bert-ner').filter(
      ({ body }) => body.parameters['aggregation_strategy'] === 'simple',
    );
    const entities = await client('bert-ner').tokenClassification({ inputs: simple?.body.inputs ?? '' });
    expectClose(entities, simple?.answer);
  });

  it('embeds texts and compares them', async () => {
    const { body, answer } = firstCase('minilm-embedder');
    const minilm = client('minilm-embedder');
    expectClose(await minilm.featureExtraction({ inputs: body.inputs }), answer);
    const inputs = { source_sentence: body.inputs, sentences: [body.inputs, 'another'] };
    const [same] = await minilm.sentenceSimilarity({ inputs });
    expect(same).toBeCloseTo(1, 5);
  });
});

describe('images', () => {
  const client = (model: string) =>
    new InferenceClient(undefined, { endpointUrl: `${server.rest}/models/${model}` });

  const blob = (image: string) => new Blob([new Uint8Array(imageBytes(image))]);

  it('are classified as bytes, which the Hugging Face client sends without a type', async () => {
    const [first] = referenceCases<ImageCase & { readonly answer: unknown[] }>('vit-classifier');
    const labels = await client('vit-classifier').imageClassification({ data: blob(first?.image ?? '') });
    expectClose(labels, first?.answer.slice(0, 5));
  });

  it.each(['clip', 'clip-towers'])('are classified without training by %s', async (model) => {
    for (const { image, parameters, answer } of referenceCases<ImageCase>('clip').slice(0, 3)) {
      const inputs = { image: blob(image) };
      expectClose(await client(model).zeroShotImageClassification({ inputs, parameters }), answer);
    }
  });

  it('that are corrupt are refused, and nothing else is disturbed', async () => {
    const send = (body: Uint8Array<ArrayBuffer>) =>
      fetch(`${server.rest}/models/vit-classifier`, {
        method: 'POST',
        headers: { 'content-type': 'image/jpeg' },
        body,
      });
    const whole = new Uint8Array(imageBytes('photo.jpg'));
    const [wrong, right] = await Promise.all([send(whole.slice(0, 500)), send(whole)]);
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toEqual({ error: 'the image is corrupt or cut off' });
    expect(right.status).toBe(200);
  });
});

describe('the OpenAI client', () => {
  const client = () => new OpenAI({ baseURL: `${server.rest}/v1`, apiKey: 'none', maxRetries: 0 });

  it('embeds texts', async () => {
    const { body, answer } = firstCase('minilm-embedder');
    const { data, usage, model } = await client().embeddings.create({
      model: 'minilm-embedder',
      input: [body.inputs, body.inputs],
    });
    expect(model).toBe('minilm-embedder');
    expect(usage.total_tokens).toBeGreaterThan(2);
    for (const { embedding } of data) expectClose(embedding, answer);
  });

  it('lists the models', async () => {
    const { data } = await client().models.list();
    expect(data.map(({ id }) => id)).toContain('minilm-embedder');
    expect((await client().models.retrieve('bert-ner')).id).toBe('bert-ner');
  });

  it('reads what is wrong, in the form it knows', async () => {
    await expect(client().embeddings.create({ model: 'nobody', input: 'a' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    await expect(
      client().embeddings.create({ model: 'minilm-embedder', input: 'word '.repeat(200) }),
    ).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringContaining('the limit is 64'),
    });
    await expect(client().embeddings.create({ model: 'bert-ner', input: 'a' })).rejects.toMatchObject({
      status: 501,
    });
  });
});

describe('the endpoints', () => {
  it('rank texts in the form of text-embeddings-inference', async () => {
    const body = { model: 'cross-encoder', query: 'the card', texts: ['a card', 'a cat', 'the pin'] };
    const ranks = await readJson<{ index: number; score: number }[]>(post('/rerank', body));
    expect(ranks.map(({ index }) => index).sort()).toEqual([0, 1, 2]);
    const wrong = await post('/rerank', { query: 'a', texts: ['b'] });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toEqual({ error: "'model': must be the name of a model" });
  });

  it('run the task that the path names', async () => {
    const { body, answer } = firstCase('minilm-embedder');
    const right = await post('/models/minilm-embedder/pipeline/feature-extraction', body);
    expectClose(await right.json(), answer);
    const wrong = await post('/models/minilm-embedder/pipeline/text-classification', body);
    expect(wrong.status).toBe(501);
  });

  it('say which variant answered, and how long it took', async () => {
    const answer = await post('/models/bert-classifier@default', { inputs: 'hello' });
    expect(answer.headers.get('x-sluice-variant')).toBe('default');
    expect(answer.headers.get('server-timing')).toContain('compute_infer');
  });

  it('refuse what is not there or not right, and go on', async () => {
    expect((await post('/models/nobody', { inputs: 'a' })).status).toBe(404);
    expect((await post('/models/bert-classifier@int9', { inputs: 'a' })).status).toBe(404);
    const wrong = await post('/models/bert-classifier', { inputs: { words: 'a' } });
    expect(wrong.status).toBe(400);
    expect((await post('/models/bert-classifier', { inputs: 'a' })).status).toBe(200);
  });
});
