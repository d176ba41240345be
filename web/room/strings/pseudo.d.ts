declare module '*.json?pseudo' {
  const messages: typeof import('./en.json');
  export default messages;
}
