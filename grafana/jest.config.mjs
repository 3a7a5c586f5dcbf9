/** TypeScript goes through esbuild, as in the build, and Grafana's packages are taken as CommonJS. */
export default {
  testEnvironment: 'jsdom',
  // jsdom would ask for the packages' browser builds, which are ES modules.
  testEnvironmentOptions: { customExportConditions: ['require', 'node'] },
  testMatch: ['<rootDir>/src/**/*.test.{ts,tsx}'],
  transform: { '\\.(tsx?|m?js|css)$': '<rootDir>/jest.transform.mjs' },
  setupFiles: ['<rootDir>/jest.setup.mjs'],
  // Packages that are published as ES modules only.
  transformIgnorePatterns: ['/node_modules/(?!(@grafana/schema|d3|d3-[a-z-]+|internmap|delaunator|robust-predicates|ol|uuid|marked|memoize|mimic-function|react-colorful|get-user-locale|@wojtekmaj|react-calendar)/).+\\.(?!css$)\\w+$'],
  watchPathIgnorePatterns: ['<rootDir>/dist'],
};
