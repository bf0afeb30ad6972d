import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAst } from 'vitest/node';
import { panelDocument, standaloneDocument } from '../webview/document';

/** What reaches a network, in Node.js and in a browser. */
const MODULES = /^(?:node:)?(?:https?|http2|net|tls|dgram|dns|inspector|undici)(?:\/.*)?$/;
const GLOBALS = new Set(['fetch', 'WebSocket', 'XMLHttpRequest', 'EventSource', 'WebTransport', 'RTCPeerConnection', 'sendBeacon']);

/**
 * The only uses, by program, and none opens a connection: the transport over sockets of vscode-jsonrpc (`net`), which is not used, for editor
 * and engine speak over the IPC of their process; a Socket over a pipe that a process was started with (`node:net`); and Emscripten's loader
 * and its lazy files, of which h5wasm gets neither: its code is in the bundle, and its one file is handed to it. zstddec fetches its own code
 * from a `data:` address, which holds it.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'engine.js': ['net'],
  'worker.js': ['net'],
  'matrix-worker.js': ['net'],
  'extension.js': ['net'],
  'sigma-commands.js': ['net'],
  'gpu-host.js': ['net', 'node:net'],
  'library-h5wasm-dist-esm-hdf5_util-js.js': [...Array<string>(5).fill('XMLHttpRequest'), 'fetch'],
  'library-zstddec.js': ['fetch', 'fetch'],
};

type Node = { type: string; [part: string]: unknown };

/** Names of what reaches a network in a program; a method of ours that is called `fetch` is none. */
function reaching(program: string): string[] {
  const found: string[] = [];
  const visit = (node: Node | readonly Node[] | null, parent: Node | null): void => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      for (const each of node) visit(each, parent);
      return;
    }
    const at = node as Node;
    const text = at.type === 'Literal' ? at.value : null;
    if (typeof text === 'string' && MODULES.test(text) && isLoaded(parent)) found.push(text);
    if (at.type === 'Identifier' && GLOBALS.has(at.name as string) && isGlobal(at, parent)) found.push(at.name as string);
    for (const part of Object.values(at)) visit(part as Node, at);
  };
  visit(parseAst(program, { lang: 'js' }) as unknown as Node, null);
  return found;
}

function isLoaded(parent: Node | null): boolean {
  return parent !== null && ['CallExpression', 'ImportExpression', 'ImportDeclaration'].includes(parent.type);
}

/** Not a property of something of ours: `globalThis.fetch` is the global one, `this.fetch` is not. */
function isGlobal(name: Node, parent: Node | null): boolean {
  if (parent?.type === 'MethodDefinition' || parent?.type === 'PropertyDefinition') return parent.key !== name;
  if (parent?.type === 'Property') return parent.key !== name || parent.shorthand === true;
  if (parent?.type !== 'MemberExpression' || parent.property !== name) return true;
  const { name: object } = parent.object as { name?: string };
  return ['globalThis', 'window', 'self', 'global', 'navigator'].includes(object ?? '');
}

test('finds what reaches a network, and no method that is only called so', () => {
  const program = "import('node:https'); require('net'); fetch(a); globalThis.fetch; navigator.sendBeacon(b); new WebSocket(c);";
  expect(reaching(program)).toEqual(['node:https', 'net', 'fetch', 'fetch', 'sendBeacon', 'WebSocket']);
  expect(reaching("class A { fetch() { return this.fetch('net'.length); } } const http = 'http';")).toEqual([]);
});

test('no program of ours opens a network connection, and none reports what a person does', () => {
  const programs = readdirSync('dist').filter((name) => name.endsWith('.js'));
  expect(programs.length).toBeGreaterThan(8);
  for (const name of programs) {
    const program = readFileSync(`dist/${name}`, 'utf8');
    expect(reaching(program).toSorted(), name).toEqual(ALLOWED[name] ?? []);
    expect(program, name).not.toMatch(/createTelemetryLogger|TelemetryReporter|applicationinsights|google-analytics|sentry\.io/i);
  }
});

test('neither a panel nor a saved report may connect to anything', () => {
  const panel = panelDocument({ title: '', nonce: 'n', cspSource: 'https://x', scriptUri: 'a', styleUri: 'b' });
  const saved = standaloneDocument({ title: '', nonce: 'n', script: '', style: '', json: '{}' });
  for (const document of [panel, saved]) {
    expect(document).toContain("default-src 'none'");
    expect(document).not.toContain('connect-src');
  }
});
