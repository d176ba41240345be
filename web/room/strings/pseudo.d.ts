/** With the shape of the catalogue that it is made of. */
declare module '*.json?pseudo' {
  const messages: unknown;
  export default messages;
}
