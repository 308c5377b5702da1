import { defineSluice } from 'sluice';

export default defineSluice({
  name: 'long',
  queues: { notes: { match: { method: 'PUT', url: '/api/notes/:id' } } },
});
