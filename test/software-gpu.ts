import { existsSync } from 'node:fs';

/** The software Vulkan driver that ships with Chromium. */
const DRIVERS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1', '/usr/lib64/libvulkan.so.1'];

/** Environment variables under which WebGPU finds a software adapter, or null where there is none. */
export function softwareGpu(): { readonly VK_ICD_FILENAMES: string } | null {
  const driver = DRIVERS.find(existsSync);
  return driver === undefined || !LOADERS.some(existsSync) ? null : { VK_ICD_FILENAMES: driver };
}
