// What browsers have and jsdom lacks, as far as Grafana's packages ask for it when they are loaded.
import { TextDecoder, TextEncoder } from 'node:util';

Object.assign(globalThis, {
  TextDecoder,
  TextEncoder,
  ResizeObserver: class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
  matchMedia: (media) => ({ media, matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }),
});
