export function messagesIn(file: string, source: string): string[];
/** The text that l10n/bundle.l10n.json should have. */
export function bundleOf(): string;
