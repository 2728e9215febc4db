import { defineConfig } from "vitest/config";

// One script and one style under fixed names: a report holds both in its own file.
// The licences of the libraries in the script go with it.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../sparse_lightning/page/built",
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      output: { entryFileNames: "page.js", assetFileNames: "page[extname]", codeSplitting: false },
    },
  },
  test: { environment: "jsdom", include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"] },
});
