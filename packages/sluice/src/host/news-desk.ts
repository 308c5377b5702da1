import type { News, NewsRequest } from '../core/messages.js';
import type { Runtime } from '../drain/runtime.js';
import type { Watch } from '../drain/settled.js';
import { PageNews } from './page-news.js';

/** A page that asks for nothing any more is gone, or frozen. */
const FORGOTTEN_MS = 60_000;

/** Tells pages the news that they ask for. Of each page is remembered what it has been told. */
export function createNewsDesk(runtime: Runtime, watch: Watch): (asked: NewsRequest) => Promise<News> {
  const pages = new Map<string, { news: PageNews; callOff: () => void }>();
  const { clock } = runtime;
  const forget = (page: string): void => {
    pages.get(page)?.callOff();
    pages.get(page)?.news.close();
    pages.delete(page);
  };
  return async (asked) => {
    const { page, isNew } = asked;
    if (isNew) forget(page);
    const known = pages.get(page);
    if (!known && !isNew) return { isUnknown: true };
    const news = known?.news ?? new PageNews(runtime, watch);
    known?.callOff();
    pages.set(page, { news, callOff: clock.at(clock.now() + FORGOTTEN_MS, () => forget(page)) });
    return news.ask(asked);
  };
}
