// Writes l10n/bundle.l10n.json: every message that the extension says through vscode.l10n.t, for translators to begin with.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';

const ROOT = new URL('../', import.meta.url);
const BUNDLE = 'l10n/bundle.l10n.json';

/**
 * Messages of the calls of `l10n.t` in one file of TypeScript. Throws where one is not a literal: no translator could see it.
 * @param {string} file for the error
 * @param {string} source
 * @returns {string[]}
 */
export function messagesIn(file, source) {
  /** @type {string[]} */
  const found = [];
  /** @param {any} node */
  const visit = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (node.type === 'CallExpression' && isTranslation(node.callee)) found.push(literal(file, source, node.arguments[0]));
    for (const part of Object.values(node)) visit(part);
  };
  visit(parseAst(source, { lang: 'ts' }));
  return found;
}

/** @param {any} callee */
function isTranslation(callee) {
  if (callee.type !== 'MemberExpression' || callee.property.name !== 't') return false;
  return callee.object.name === 'l10n' || callee.object.property?.name === 'l10n';
}

/** @param {string} file @param {string} source @param {any} node */
function literal(file, source, node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  const line = source.slice(0, node?.start ?? 0).split('\n').length;
  throw new Error(`${file}, line ${line}: the message of l10n.t is not a string literal, so it cannot be translated.`);
}

/** The bundle as the sources have it: each message is its own key, in alphabetical order. */
export function bundleOf() {
  const editor = readdirSync(new URL('src/editor/', ROOT)).map((name) => `src/editor/${name}`);
  const messages = ['src/extension.ts', ...editor].flatMap((file) => messagesIn(file, readFileSync(new URL(file, ROOT), 'utf8')));
  const sorted = [...new Set(messages)].sort();
  return `${JSON.stringify(Object.fromEntries(sorted.map((message) => [message, message])), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(new URL('l10n/', ROOT), { recursive: true });
  writeFileSync(new URL(BUNDLE, ROOT), bundleOf());
}
