import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const client = "mindwave_django/client.js"; // stays where Django serves it

export default defineConfig({
  plugins: [vue()],
  build: {
    outDir: "../chat/static/chat/frontends",
    emptyOutDir: true,
    modulePreload: false,
    license: { fileName: "LICENSES.md" },
    rollupOptions: {
      input: { react: "react/main.tsx", vue: "vue/main.ts" },
      preserveEntrySignatures: "strict",
      external: [client],
      output: {
        entryFileNames: "[name].js",
        paths: { [client]: "../../mindwave_django/client.js" },
      },
    },
  },
});
