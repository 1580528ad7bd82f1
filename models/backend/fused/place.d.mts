export declare const SOURCES_DIGEST: string;
export declare function processorFlags(): string[];
export declare function processorDigest(): string;
export declare function kernelsPath(tools: string, sources?: string): string;
