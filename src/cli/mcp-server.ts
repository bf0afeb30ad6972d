import type { Readable, Writable } from 'node:stream';
import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { version } from '../../package.json';
import { answerText } from '../agents/text';
import { ToolFailure } from '../agents/tool-failure';
import { COMPARE_TOOL, compareModelHealth, getModelHealth, HEALTH_TOOL, type HealthSource, type ToolCall } from '../agents/tools';
import { toJson } from '../analysis/report-json';
import { Failure } from './failure';

/** Of one message of the client; two paths and a name take far less. */
const MOST_BYTES = 1 << 20;

export interface McpParts {
  readonly source: HealthSource;
  /** Absolute paths of the folders that may be read. */
  readonly roots: readonly string[];
  readonly stdin: Readable;
  readonly stdout: Writable;
}

const TOOLS = [
  { ...HEALTH_TOOL, answer: getModelHealth },
  { ...COMPARE_TOOL, answer: compareModelHealth },
];

/**
 * Serves the tools until the client closes its end.
 * @throws Failure when a message is too long to be one
 */
export async function serveMcp({ source, roots, stdin, stdout }: McpParts): Promise<void> {
  const transport = new StdioServerTransport(stdin, stdout, { maxBufferSize: MOST_BYTES });
  let flooded: Error | null = null;
  await new Promise<void>((resolve) => {
    const connection = serveStdio(() => createServer(source, roots), {
      transport,
      onerror: (error) => {
        if (/maximum size/.test(error.message)) flooded = error;
      },
    });
    const { onclose } = transport;
    transport.onclose = () => {
      onclose?.();
      void connection.close().then(resolve);
    };
  });
  if (flooded !== null) throw new Failure(`mcp: a message is longer than ${MOST_BYTES} bytes; the connection was closed`);
}

function createServer(source: HealthSource, roots: readonly string[]): Server {
  const server = new Server(
    { name: 'sigma', title: 'Sigma: model health', version },
    {
      capabilities: { tools: {} },
      instructions: `Spectral health of embeddings and checkpoints. Paths are absolute, or relative to ${roots.join(', ')}; nothing else can be read.`,
    },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: TOOLS.map(({ name, title, description, inputSchema }) => ({
      name,
      title,
      description,
      inputSchema: structuredClone(inputSchema) as unknown as { type: 'object' },
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    })),
  }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const tool = TOOLS.find(({ name }) => name === params.name);
    if (tool === undefined) {
      const names = TOOLS.map(({ name }) => name).join(' and ');
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${params.name}; the tools are ${names}.`);
    }
    const call: ToolCall = { source, roots, signal: mcpReq.signal, progress: progressOf(mcpReq) };
    try {
      const answer = await tool.answer(params.arguments ?? {}, call);
      return { content: [{ type: 'text', text: answerText(answer) }], structuredContent: toJson(answer) as Record<string, unknown> };
    } catch (error) {
      // The model can do something about it, and reads only results.
      if (error instanceof ToolFailure) return { content: [{ type: 'text', text: error.message }], isError: true };
      throw error;
    }
  });
  return server;
}

interface ProgressChannel {
  readonly _meta?: { readonly progressToken?: string | number | undefined } | undefined;
  notify(notification: { method: 'notifications/progress'; params: Record<string, unknown> }): Promise<void>;
}

/** Sends progress where the client asked for it, a hundredth at a time; it may only grow. */
function progressOf({ _meta, notify }: ProgressChannel): ToolCall['progress'] {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return () => {};
  let last = 0;
  return (fraction, message) => {
    if (fraction < last + 0.01) return;
    last = fraction;
    // A client that is gone hears nothing.
    notify({ method: 'notifications/progress', params: { progressToken, progress: fraction, total: 1, message } }).catch(() => {});
  };
}
