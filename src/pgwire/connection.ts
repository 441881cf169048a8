/**
 * Connection: one client's socket from its first byte to its last.
 *
 *   first bytes ── SSLRequest ─ 'S' ─┐
 *       │                            ├─► TLS ─► StartupMessage ─► password ─► SessionLoop
 *       ├── TLS ClientHello (direct) ┘
 *       ├── GSSENCRequest: 'N', once
 *       ├── CancelRequest: plain or in TLS; answered by closing
 *       └── StartupMessage in plain text: refused
 *
 * Input is handled strictly in order. While a message is being answered nothing more is handled, and beyond a bound nothing more is read (P3).
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { World } from '#base/world.ts';
import type { Endpoints, QueryProcessor, SessionStart } from '#query-processor/query-processor.ts';
import * as backend from './backend-message.ts';
import { FrameReader } from './frames.ts';
import { decodeMessage, decodeStartup, type StartupPacket } from './frontend-message.ts';
import type { ClusterRouter, ConnectionLimits, RoutedCluster } from './pgwire.ts';
import { asReport, SessionLoop } from './session-loop.ts';
import { SocketWriter } from './socket-writer.ts';
import { startupOptions } from './startup-options.ts';

export type ConnectionEnvironment = {
  readonly world: World;
  readonly limits: ConnectionLimits;
  readonly secureContext: () => SecureContext;
  readonly router: ClusterRouter;
  /** Asked when a client wants a session of a cluster; an error refuses it (too many, too fast, shutting down). */
  readonly admit: (clusterId: string) => SqlError | undefined;
  readonly cancel: (processId: number, secret: Uint8Array) => void;
};

/** Unhandled input beyond this stops the reading. */
const heldInputMaximum = 1024 * 1024;
/** Before the password is checked nobody may send much. PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH. */
const unauthenticatedMessageMaximum = 65_535;

type Startup = {
  readonly packet: Extract<StartupPacket, { kind: 'startup' }>;
  readonly user: string;
  readonly cluster: RoutedCluster;
};
type Admitted = { readonly queryProcessor: QueryProcessor; readonly identity: Pick<SessionStart, 'principal' | 'roleSettings'> };

const accessDenied = (hint: string): SqlError =>
  new SqlError(sqlstate.connectionFailure, 'unable to accept connection, access denied', { hint });

type Stage = 'negotiation' | 'startup' | 'password' | 'checking' | 'session' | 'closed';

export class Connection {
  #environment: ConnectionEnvironment;
  #raw: Socket;
  #socket: Socket | TLSSocket;
  #frames: FrameReader;
  #output: SocketWriter;
  #stage: Stage = 'negotiation';
  #isEncrypted = false;
  #refusedGssEnc = false;
  #cancelTimeout: () => void;
  #startup: Startup | undefined;
  #loop: SessionLoop | undefined;
  #isBusy = false;
  /** The session is as old as one may be. */
  #hasExpired = false;
  #onClosed: () => void;

  constructor(socket: Socket, environment: ConnectionEnvironment, onClosed: () => void) {
    this.#environment = environment;
    this.#raw = socket;
    this.#socket = socket;
    this.#frames = new FrameReader(unauthenticatedMessageMaximum);
    this.#output = new SocketWriter(socket);
    this.#onClosed = onClosed;
    this.#cancelTimeout = environment.world.timers.after(environment.limits.authenticationMs, () => this.destroy());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    this.#listen(socket);
    socket.once('data', this.#firstBytes);
  }

  /** True once a session runs here. */
  get hasSession(): boolean {
    return this.#loop !== undefined;
  }

  /** Of the cluster that it is for; undefined before the client has said so. */
  get clusterId(): string | undefined {
    return this.#startup?.cluster.id;
  }

  /** Tells the client why (when a session runs or is being opened) and closes. */
  shutDown(reason: SqlError): void {
    if (this.#stage === 'session' || this.#stage === 'password' || this.#stage === 'checking') this.#refuse(reason);
    else this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #listen(socket: Socket | TLSSocket): void {
    // A broken connection is news, not a failure: 'close' follows and cleans up.
    socket.on('error', (error) => this.#environment.world.log.debug('connection error', { error: error.message }));
    socket.on('close', () => this.#closed());
  }

  /** Direct TLS begins with a handshake record; everything else is the protocol. */
  #firstBytes = (bytes: Buffer): void => {
    if (bytes[0] === 0x16) {
      this.#raw.pause();
      this.#raw.unshift(bytes);
      this.#encrypt({ isDirect: true });
      return;
    }
    this.#socket.on('data', this.#received);
    this.#received(bytes);
  };

  #encrypt(how: { readonly isDirect: boolean }): void {
    this.#raw.removeListener('data', this.#received);
    let offered: readonly string[] = [];
    const secure = new TLSSocket(this.#raw, {
      isServer: true,
      secureContext: this.#environment.secureContext(),
      // Direct TLS demands ALPN "postgresql" (libpq sends it always); after SSLRequest it may be left out, but must be right when sent.
      ALPNCallback: ({ protocols }) => {
        offered = protocols;
        return protocols.includes('postgresql') ? 'postgresql' : undefined;
      },
    });
    this.#isEncrypted = true;
    this.#stage = 'startup';
    this.#socket = secure;
    this.#frames = new FrameReader(unauthenticatedMessageMaximum);
    this.#output = new SocketWriter(secure);
    this.#listen(secure);
    secure.on('data', this.#received);
    secure.once('secure', () => {
      if (how.isDirect && !offered.includes('postgresql')) this.destroy();
    });
  }

  #received = (bytes: Buffer): void => {
    this.#frames.push(bytes);
    this.#work();
  };

  /** Handles what is there, until it is all handled or something must be waited for. */
  #work(): void {
    try {
      while (this.#stage !== 'closed' && this.#step()) {}
    } catch (error) {
      this.#refuse(error);
    }
    if (this.#stage === 'closed') return;
    if (this.#frames.heldBytes > heldInputMaximum + this.#pendingMessageBytes()) this.#socket.pause();
    else if (this.#socket.isPaused() && !(this.#loop?.copyIsFull ?? false)) this.#socket.resume();
  }

  /** A large message must be received whole before it can be handled: its size is allowed on top. */
  #pendingMessageBytes(): number {
    return this.#isBusy ? 0 : this.#environment.limits.messageBytes;
  }

  /** Handles one frame; false when there is none or it is not its turn. */
  #step(): boolean {
    switch (this.#stage) {
      case 'negotiation':
      case 'startup': {
        const frame = this.#frames.next();
        if (frame === undefined) return false;
        this.#startupPacket(decodeStartup(frame));
        return true;
      }
      case 'password': {
        const frame = this.#frames.next();
        if (frame === undefined) return false;
        const message = decodeMessage(frame);
        if (message.kind === 'terminate') this.destroy();
        else if (message.kind !== 'password')
          throw new SqlError(sqlstate.protocolViolation, `expected password response, got message type ${frame.type}`);
        else this.#checkPassword(message.text);
        return true;
      }
      case 'session':
        return this.#sessionStep();
      default:
        return false;
    }
  }

  #sessionStep(): boolean {
    const loop = this.#loop;
    if (loop === undefined) return false;
    if (this.#isBusy) {
      if (!loop.takesCopyInput) return false;
      if (loop.copyIsFull) {
        this.#socket.pause();
        return false;
      }
      const frame = this.#frames.next();
      if (frame === undefined) return false;
      loop.copyInput(frame);
      return true;
    }
    const frame = this.#frames.next();
    if (frame === undefined) return false;
    const handled = loop.handle(frame);
    if (handled instanceof Promise) {
      this.#isBusy = true;
      handled.then(
        (goesOn) => {
          this.#isBusy = false;
          if (goesOn && this.#endIfExpired()) return;
          if (goesOn) this.#work();
          else this.#goodbye();
        },
        (error) => this.#refuse(error),
      );
    } else if (!handled) this.#goodbye();
    else this.#endIfExpired();
    return true;
  }

  /** Sends what is left and closes: the session is over, and what the client still sends is dropped. */
  #goodbye(): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    this.#output.end();
    this.#socket.resume();
    this.#environment.world.timers.after(1_000, () => this.destroy());
  }

  #startupPacket(packet: StartupPacket): void {
    switch (packet.kind) {
      case 'gssEncRequest':
        if (this.#isEncrypted || this.#refusedGssEnc) throw new SqlError(sqlstate.protocolViolation, 'unexpected GSSENCRequest');
        this.#refusedGssEnc = true;
        this.#raw.write('N');
        return;
      case 'sslRequest':
        if (this.#isEncrypted) throw new SqlError(sqlstate.protocolViolation, 'unexpected SSLRequest');
        // Bytes that came with the request were not encrypted: somebody in between may have put them there.
        if (this.#frames.heldBytes > 0) throw new SqlError(sqlstate.protocolViolation, 'received unencrypted data after SSL request');
        this.#raw.write('S');
        this.#encrypt({ isDirect: false });
        return;
      case 'cancelRequest':
        this.#environment.cancel(packet.processId, packet.secret);
        this.#stage = 'closed';
        this.#socket.end();
        return;
      case 'startup':
        this.#startupMessage(packet);
    }
  }

  #startupMessage(packet: Extract<StartupPacket, { kind: 'startup' }>): void {
    if (!this.#isEncrypted) {
      throw new SqlError(sqlstate.connectionFailure, 'unable to accept connection, SSL is mandatory. AWS Authentication is required.');
    }
    const user = packet.parameters.get('user');
    if (user === undefined || user === '') {
      throw new SqlError(sqlstate.invalidAuthorizationSpecification, 'no PostgreSQL user name specified in startup packet');
    }
    const cluster = this.#environment.router.route(this.#serverName(), startupOptions(packet.parameters).clusterId);
    if (cluster === undefined) throw noSuchCluster();
    const refusal = this.#environment.admit(cluster.id);
    if (refusal !== undefined) throw refusal;
    this.#startup = { packet, user, cluster };
    this.#frames.endStartup();
    this.#stage = 'password';
    if (packet.minor > 0 || packet.protocolOptions.length > 0)
      backend.negotiateProtocolVersion(this.#output.messages, packet.protocolOptions);
    backend.authenticationCleartextPassword(this.#output.messages);
    this.#output.flush();
  }

  /** The name that the client asked for by SNI. */
  #serverName(): string | undefined {
    const name = 'servername' in this.#socket ? this.#socket.servername : undefined;
    return typeof name === 'string' && name !== '' ? name.toLowerCase() : undefined;
  }

  #checkPassword(token: string): void {
    const startup = this.#startup;
    if (startup === undefined) return;
    this.#stage = 'checking';
    this.#admission(startup, token).then(
      (admitted) => {
        if (this.#stage !== 'checking') return;
        try {
          this.#begin(startup, admitted);
          this.#work();
        } catch (error) {
          this.#refuse(error);
        }
      },
      (error) => this.#refuse(error),
    );
  }

  /** First the token, then the role: what is told of roles is told to who has proved himself. */
  async #admission({ user, cluster }: Startup, token: string): Promise<Admitted> {
    const verdict = await cluster.authenticate(user, token, this.#raw.remoteAddress ?? '');
    if (verdict.kind === 'denied') throw accessDenied(verdict.hint);
    const { principal } = verdict;
    const queryProcessor = await cluster.queryProcessor();
    if (queryProcessor === undefined) throw noSuchCluster();
    const admission = await queryProcessor.admit(user, principal);
    if (admission.kind === 'refused') throw accessDenied(admission.hint);
    return { queryProcessor, identity: { principal, roleSettings: admission.settings } };
  }

  #begin({ packet, user }: Startup, { queryProcessor, identity }: Admitted): void {
    const { parameters } = packet;
    const session = queryProcessor.connect({
      user,
      ...identity,
      database: parameters.get('database') ?? user,
      applicationName: parameters.get('application_name') ?? '',
      options: startupOptions(parameters).settings,
      endpoints: endpointsOf(this.#raw),
      // Not at once: who asks may be this very session, within its work.
      terminate: () => queueMicrotask(() => this.shutDown(terminated())),
    });
    this.#cancelTimeout();
    this.#limitAge();
    this.#frames.limit = this.#environment.limits.messageBytes;
    this.#loop = new SessionLoop(session, this.#output, this.#environment.world.log, () => this.#resumeReading());
    this.#stage = 'session';
    backend.authenticationOk(this.#output.messages);
    this.#loop.start();
  }

  #limitAge(): void {
    const { world, limits } = this.#environment;
    if (limits.sessionMs === 0) return;
    this.#cancelTimeout = world.timers.after(limits.sessionMs, () => {
      this.#hasExpired = true;
      this.#cancelTimeout = world.timers.after(limits.transactionMs, () => this.shutDown(tooOld()));
      if (!this.#isBusy) this.#endIfExpired();
    });
  }

  /** Between two messages: a transaction may go on to its end. */
  #endIfExpired(): boolean {
    if (!this.#hasExpired || this.#loop?.isIdle !== true) return false;
    this.shutDown(tooOld());
    return true;
  }

  #resumeReading(): void {
    // Not at once: the caller is inside the session's work, and handling a frame there would mix two messages.
    queueMicrotask(() => {
      if (this.#stage === 'session') this.#work();
    });
  }

  /** Ends the connection with a FATAL error. */
  #refuse(error: unknown): void {
    if (this.#stage === 'closed') return;
    backend.errorResponse(this.#output.messages, asReport(error, this.#environment.world.log), 'FATAL');
    this.#goodbye();
  }

  #closed(): void {
    this.#stage = 'closed';
    this.#cancelTimeout();
    this.#loop?.connectionLost();
    this.#loop = undefined;
    this.#raw.destroy();
    this.#onClosed();
  }
}

const terminated = (): SqlError => new SqlError(sqlstate.adminShutdown, 'terminating connection due to administrator command');

const endpointsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): Endpoints => ({
  clientAddress: plainAddress(remoteAddress),
  clientPort: remotePort,
  serverAddress: plainAddress(localAddress),
  serverPort: localPort,
});

/** An IPv4 address that a socket of both families writes as one of IPv6. */
const plainAddress = (address: string | undefined): string | undefined => address?.replace(/^::ffff:(?=\d+\.)/, '');

/** How a real cluster puts it is not known (dsql-behaviour 16.1). */
const tooOld = (): SqlError =>
  new SqlError(sqlstate.adminShutdown, 'terminating connection because the session has reached its maximum duration');

const noSuchCluster = (): SqlError => accessDenied('The cluster does not exist.');
