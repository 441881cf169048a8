/** The module factory inside npm libpg-query, which the package ships without types. */
declare module 'libpg-query/wasm/libpg-query.js' {
  const createInstance: () => Promise<import('./grammar.ts').GrammarInstance>;
  export default createInstance;
}
