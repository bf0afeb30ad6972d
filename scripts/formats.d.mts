/** The text that each generated file should have, by its path from the root. */
export function generated(): Promise<Record<string, string>>;
