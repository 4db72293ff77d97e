/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url'

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Where the API answers while the screens are developed: `motet up`, or `npm run mock`. */
const api = process.env.MOTET_API ?? 'http://127.0.0.1:8000'
const proxy = Object.fromEntries(['/api', '/t', '/u', '/in-app'].map((path) => [`${path}/`, api]))

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy },
  preview: { proxy },
  build: {
    outDir: '../src/motet/web/screens',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 600, // kB: the charts, which no first load waits for
    rolldownOptions: {
      output: {
        // Libraries change seldom and the screens often: apart, a browser keeps the former.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: 'tanstack', test: /node_modules\/@tanstack\// },
            { name: 'charts', test: /node_modules\/(echarts|zrender)\// },
          ],
        },
      },
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
