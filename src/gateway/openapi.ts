import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { ServerMetadata } from '../inference/metadata.ts';
import type { RouteDoc } from './rest-route.ts';
import { ERROR_ANSWER } from './rest-schemas.ts';

/** The page loads from this server only; its scripts are files, its styles partly inline. */
const PAGE_POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The OpenAPI document, made from the routes registered after this call, at `/openapi.json`, and a page to browse it at
 * `/docs`. Schemas reach the document by the route's `config`, so that Fastify neither validates nor serialises by
 * them.
 */
export async function addOpenApi(app: FastifyInstance, server: ServerMetadata): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: server.name,
        version: server.version,
        description: 'Open Inference Protocol v2 with extensions, and task endpoints.',
      },
    },
    transform: ({ url, route }) => ({ url, schema: schemaOf(route.config?.doc) }),
  });
  await app.register(fastifySwaggerUi, { routePrefix: '/docs', staticCSP: PAGE_POLICY });
  app.get('/openapi.json', async () => app.swagger());
}

function schemaOf(doc: RouteDoc | undefined) {
  if (doc === undefined) return { hide: true };
  const { tag, summary, description, body, answer } = doc;
  return {
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(body === undefined ? {} : { body }),
    response: {
      200: { description: 'Success', ...(answer ?? { type: 'object' }) },
      default: { description: 'Error', ...ERROR_ANSWER },
    },
  };
}
