import { escapeAttribute, escapeText } from './markup';

/** Where the editor serves the panel's files from, and what its content-security policy needs. */
export interface PanelAssets {
  readonly title: string;
  /** Fresh for every document. */
  readonly nonce: string;
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** A script and a style sheet of dist/ as webview addresses. */
  readonly scriptUri: string;
  readonly styleUri: string;
}

/** What a report file holds so that it opens without an editor and without a network. */
export interface StandaloneContent {
  /** Lets in this script and style, and no other. */
  readonly nonce: string;
  readonly title: string;
  /** Texts of `dist/panel.js` and `dist/panel-style.css`. */
  readonly script: string;
  readonly style: string;
  /** `{ file: FileSummary, reports: SpectralReport[] }` as JSON; non-finite numbers are the strings "NaN", "Infinity" and "-Infinity". */
  readonly json: string;
}

/** Id of the element that carries the JSON of a standalone document. */
export const STANDALONE_DATA_ID = 'sigma-report';

/** The document that the editor gives to a webview. The body is empty: the script builds it. */
export function panelDocument({ title, nonce, cspSource, scriptUri, styleUri }: PanelAssets): string {
  return page({
    title,
    policy: [
      "default-src 'none'",
      `script-src 'nonce-${nonce}'`,
      `style-src ${cspSource} 'nonce-${nonce}'`,
      `img-src ${cspSource} data:`,
      `font-src ${cspSource}`,
    ],
    // The component library puts this nonce on the style elements that it makes.
    head: `<meta property="csp-nonce" content="${escapeAttribute(nonce)}">\n<link rel="stylesheet" href="${escapeAttribute(styleUri)}">`,
    body: `<body>\n<script nonce="${escapeAttribute(nonce)}" src="${escapeAttribute(scriptUri)}"></script>`,
  });
}

/** The same panel as one file that any browser opens. Its policy lets nothing in from outside. */
export function standaloneDocument({ nonce, title, script, style, json }: StandaloneContent): string {
  return page({
    title,
    policy: [
      "default-src 'none'",
      `script-src 'nonce-${nonce}'`,
      `style-src 'nonce-${nonce}'`,
      // One component of the library sets an attribute.
      "style-src-attr 'unsafe-inline'",
      'img-src data:',
    ],
    head: `<meta property="csp-nonce" content="${escapeAttribute(nonce)}">
<style nonce="${escapeAttribute(nonce)}">${style.replaceAll('</style', '<\\/style')}</style>`,
    body: `<body class="standalone">
<script type="application/json" id="${STANDALONE_DATA_ID}">${json.replaceAll('<', '\\u003c')}</script>
<script nonce="${escapeAttribute(nonce)}">${inlineScript(script)}</script>`,
  });
}

function page(parts: { title: string; policy: readonly string[]; head: string; body: string }): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${parts.policy.join('; ')}">
<title>${escapeText(parts.title)}</title>
${parts.head}
</head>
${parts.body}
</body>
</html>
`;
}

/** Neither sequence may stand inside a script element; in a bundle both occur in string literals only. */
function inlineScript(script: string): string {
  return script.replaceAll('</script', '<\\/script').replaceAll('<!--', '\\x3c!--');
}
