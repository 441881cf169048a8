/** The console begins here. */
import '@cloudscape-design/global-styles/index.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.ts';
import { Application } from './app/application.tsx';
import { MessagesProvider } from './app/messages.tsx';
import { PreferencesProvider } from './app/preferences.tsx';
import { RouterProvider } from './app/router.tsx';
import { SessionProvider } from './app/session.tsx';

const root = document.getElementById('root');
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <PreferencesProvider>
          <RouterProvider>
            <SessionProvider>
              <MessagesProvider>
                <Application />
              </MessagesProvider>
            </SessionProvider>
          </RouterProvider>
        </PreferencesProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
