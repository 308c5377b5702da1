/**
 * Chromium goes on with the log that it finds, also with one whose last record a crash has cut short; what it writes behind the
 * cut cannot be read, and at the start after that it throws away all databases of the site (docs/discoveries). It begins a
 * new log when a database is deleted, be it an empty one.
 */
export async function rotateLog(name: string): Promise<void> {
  if (!isChromium()) return;
  const opening = indexedDB.open(`${name} log`);
  opening.onsuccess = () => {
    opening.result.close();
    indexedDB.deleteDatabase(opening.result.name);
  };
}

function isChromium(): boolean {
  return 'userAgentData' in navigator;
}
