import { expect, test } from 'vitest';
import { panelDocument, standaloneDocument } from '../../webview/document';

test("the editor's document lets in its own script and style and nothing else", () => {
  const html = panelDocument({
    title: 'Spectral health',
    nonce: 'n0',
    cspSource: 'https://cdn.test',
    scriptUri: 'https://cdn.test/p.js?a&b',
    styleUri: 'https://cdn.test/p.css',
  });
  expect(html).toContain(
    `content="default-src 'none'; script-src 'nonce-n0'; style-src https://cdn.test 'nonce-n0'; img-src https://cdn.test data:; font-src https://cdn.test"`,
  );
  expect(html).toContain('<meta property="csp-nonce" content="n0">');
  expect(html).toContain('<script nonce="n0" src="https://cdn.test/p.js?a&amp;b"></script>');
  expect(html).not.toContain('style="');
});

test('nothing in a report can end the element that carries it', () => {
  const html = standaloneDocument({
    nonce: 'n1',
    title: '<b>&',
    script: 'const a = "</script>", b = "<!--";',
    style: 'a::before { content: "</style>" }',
    json: '{"path":"</script><script>alert(1)</script>"}',
  });
  expect(html).toContain('<title>&lt;b&gt;&amp;</title>');
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html.match(/<\/script>/g)).toHaveLength(2);
  expect(html.match(/<\/style>/g)).toHaveLength(1);
  expect(html).not.toContain('<!--');
  expect(html).toContain("default-src 'none'");
  expect(html).toContain("script-src 'nonce-n1'");
  expect(html).not.toContain("script-src 'unsafe-inline'");
});
