import { createRoot } from 'react-dom/client';

const root = document.querySelector('#room');
if (root) createRoot(root).render(<main>Invigil</main>);
