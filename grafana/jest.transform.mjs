import { transformSync } from 'esbuild';

export default {
  process: (source, file) => {
    if (file.endsWith('.css')) {
      return { code: '' };
    }
    const { code, map } = transformSync(source, {
      format: 'cjs',
      jsx: 'transform',
      loader: file.endsWith('.tsx') ? 'tsx' : file.endsWith('.ts') ? 'ts' : 'js',
      sourcefile: file,
      sourcemap: 'external',
      target: 'node20',
    });
    return { code, map };
  },
};
