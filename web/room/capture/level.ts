/** Times per second. */
const PACE_MS = 100;

/**
 * Measures how loud a stream is.
 * @param onLevel 0 to 1, ten times per second
 * @returns stops
 */
export function watchLevel(stream: MediaStream, onLevel: (level: number) => void): () => void {
  if (stream.getAudioTracks().length === 0) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1_024;
  context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    // Browsers start it only after a click.
    if (context.state === 'suspended') void context.resume();
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // Speech is around −20 dB; the meter shows −60 to 0 dB.
    onLevel(Math.min(1, Math.max(0, 1 + Math.log10(Math.max(power, 1e-6)) / 6)));
  }, PACE_MS);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
