/** `localhost`, its subdomains and loopback addresses are secure contexts without https (W3C Secure Contexts, section 3.1). */
const LOOPBACK = /^(.+\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/;

/** What the start says if no browser will give a page at this URL a camera; null if they will. @param publicUrl a valid URL */
export function cameraNote(publicUrl: string): string | null {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol === 'https:' || LOOPBACK.test(hostname)) return null;
  return `browsers give no camera, microphone or screen to a page at ${publicUrl}: candidates need an address with https`;
}
