export function assemble(): Promise<Readonly<Record<string, string>>>;
