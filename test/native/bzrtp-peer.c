/*
 * libbzrtp as a peer for tests: lines in, lines out; and as the measure of a benchmark.
 *
 *   bzrtp-peer talk [name=value …]      names: ssrc second agreement cipher hash tag sas cache self peer peer-hash aux export
 *   bzrtp-peer bench AGREEMENT ROUNDS   both ends in one thread; prints CPU milliseconds of a whole handshake
 *
 * In:  start | packet SSRC HEX | second | verified | quit      (SSRC = the local stream the packet is for)
 * Out: hello-hash SSRC VALUE | packet SSRC HEX | key SSRC send|receive KEY SALT | export HEX | secure SSRC name=value …
 *
 * Build: gcc -O2 bzrtp-peer.c -lbzrtp -lsqlite3     (Debian: libbzrtp-dev libbctoolbox-dev libsqlite3-dev)
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bzrtp/bzrtp.h>
#include <sqlite3.h>

enum { max_packet = 3000, max_line = 2 * max_packet + 64, max_queue = 64 };

struct algorithm {
	const char *name;
	uint8_t kind, id;
};

static const struct algorithm algorithms[] = {
	{"X255", ZRTP_KEYAGREEMENT_TYPE, ZRTP_KEYAGREEMENT_X255}, {"DH2k", ZRTP_KEYAGREEMENT_TYPE, ZRTP_KEYAGREEMENT_DH2k},
	{"DH3k", ZRTP_KEYAGREEMENT_TYPE, ZRTP_KEYAGREEMENT_DH3k}, {"Mult", ZRTP_KEYAGREEMENT_TYPE, ZRTP_KEYAGREEMENT_Mult},
	{"AES1", ZRTP_CIPHERBLOCK_TYPE, ZRTP_CIPHER_AES1},        {"AES3", ZRTP_CIPHERBLOCK_TYPE, ZRTP_CIPHER_AES3},
	{"S256", ZRTP_HASH_TYPE, ZRTP_HASH_S256},                 {"S384", ZRTP_HASH_TYPE, ZRTP_HASH_S384},
	{"HS32", ZRTP_AUTHTAG_TYPE, ZRTP_AUTHTAG_HS32},           {"HS80", ZRTP_AUTHTAG_TYPE, ZRTP_AUTHTAG_HS80},
	{"B32", ZRTP_SAS_TYPE, ZRTP_SAS_B32},                     {"B256", ZRTP_SAS_TYPE, ZRTP_SAS_B256},
};
static const size_t algorithm_count = sizeof algorithms / sizeof *algorithms;

static const char *name_of(uint8_t id)
{
	for (size_t i = 0; i < algorithm_count; i++)
		if (algorithms[i].id == id)
			return algorithms[i].name;
	return "?";
}

/* Comma-separated names, best first. */
static void prefer(bzrtpContext_t *context, uint8_t kind, const char *names)
{
	uint8_t list[7], count = 0;
	for (const char *at = names; *at && count < 7; at += strcspn(at, ","), at += *at == ',') {
		size_t length = strcspn(at, ",");
		for (size_t i = 0; i < algorithm_count; i++)
			if (algorithms[i].kind == kind && strlen(algorithms[i].name) == length && !strncmp(algorithms[i].name, at, length))
				list[count++] = algorithms[i].id;
	}
	bzrtp_setSupportedCryptoTypes(context, kind, list, count);
}

static double milliseconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void print_hex(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%02x", bytes[i]);
}

static size_t read_hex(const char *text, uint8_t *bytes, size_t room)
{
	size_t count = 0;
	unsigned value;
	while (count < room && sscanf(text + 2 * count, "%2x", &value) == 1)
		bytes[count++] = (uint8_t)value;
	return count;
}

/* ---- talk ---- */

static bzrtpContext_t *talker;
static const char *export_label;

static int talk_send(void *ssrc, const uint8_t *packet, uint16_t length)
{
	printf("packet %u ", *(uint32_t *)ssrc);
	print_hex(packet, length);
	printf("\n");
	return 0;
}

static void print_key(uint32_t ssrc, const char *direction, const uint8_t *key, size_t key_length, const uint8_t *salt, size_t salt_length)
{
	printf("key %u %s ", ssrc, direction);
	print_hex(key, key_length);
	printf(" ");
	print_hex(salt, salt_length);
	printf("\n");
}

static int talk_secrets(void *ssrc, const bzrtpSrtpSecrets_t *s, uint8_t part)
{
	if (part & ZRTP_SRTP_SECRETS_FOR_SENDER)
		print_key(*(uint32_t *)ssrc, "send", s->selfSrtpKey, s->selfSrtpKeyLength, s->selfSrtpSalt, s->selfSrtpSaltLength);
	if (part & ZRTP_SRTP_SECRETS_FOR_RECEIVER)
		print_key(*(uint32_t *)ssrc, "receive", s->peerSrtpKey, s->peerSrtpKeyLength, s->peerSrtpSalt, s->peerSrtpSaltLength);
	return 0;
}

static int talk_secure(void *ssrc, const bzrtpSrtpSecrets_t *s, int32_t verified)
{
	printf("secure %u sas=%s agreement=%s cipher=%s hash=%s tag=%s verified=%d mismatch=%d aux=%d\n", *(uint32_t *)ssrc,
	       s->sas ? s->sas : "", name_of(s->keyAgreementAlgo), name_of(s->cipherAlgo), name_of(s->hashAlgo),
	       name_of(s->authTagAlgo), verified != 0, s->cacheMismatch, s->auxSecretMismatch);
	return 0;
}

static int talk_export(void *ssrc, int zuid, uint8_t role)
{
	uint8_t key[64];
	size_t length = 32;
	(void)ssrc;
	(void)zuid;
	printf("role %s\n", role == BZRTP_ROLE_INITIATOR ? "initiator" : "responder");
	if (!export_label || bzrtp_exportKey(talker, (char *)export_label, strlen(export_label), key, &length) != 0)
		return 0;
	printf("export ");
	print_hex(key, length);
	printf("\n");
	return 0;
}

struct settings {
	uint32_t ssrc[2];
	const char *cache, *self, *peer;
};

static void set(struct settings *settings, const char *name, const char *value)
{
	uint8_t bytes[256];
	if (!strcmp(name, "ssrc")) settings->ssrc[0] = (uint32_t)strtoul(value, NULL, 10);
	else if (!strcmp(name, "second")) settings->ssrc[1] = (uint32_t)strtoul(value, NULL, 10);
	else if (!strcmp(name, "agreement")) prefer(talker, ZRTP_KEYAGREEMENT_TYPE, value);
	else if (!strcmp(name, "cipher")) prefer(talker, ZRTP_CIPHERBLOCK_TYPE, value);
	else if (!strcmp(name, "hash")) prefer(talker, ZRTP_HASH_TYPE, value);
	else if (!strcmp(name, "tag")) prefer(talker, ZRTP_AUTHTAG_TYPE, value);
	else if (!strcmp(name, "sas")) prefer(talker, ZRTP_SAS_TYPE, value);
	else if (!strcmp(name, "cache")) settings->cache = value;
	else if (!strcmp(name, "self")) settings->self = value;
	else if (!strcmp(name, "peer")) settings->peer = value;
	else if (!strcmp(name, "export")) export_label = value;
	else if (!strcmp(name, "aux")) bzrtp_setAuxiliarySharedSecret(talker, bytes, read_hex(value, bytes, sizeof bytes));
	else if (strcmp(name, "peer-hash")) exit(2);
}

static void print_hello_hash(uint32_t ssrc)
{
	uint8_t value[80] = {0};
	bzrtp_getSelfHelloHash(talker, ssrc, value, sizeof value);
	printf("hello-hash %u %s\n", ssrc, value);
}

/* Which channels bzrtp_iterate is for. */
static int started[2];

static int obey(struct settings *settings, char *line)
{
	static uint8_t packet[max_packet];
	unsigned ssrc;
	int at;
	if (!strcmp(line, "quit")) return 0;
	if (!strcmp(line, "verified")) bzrtp_SASVerified(talker);
	else if (!strcmp(line, "start")) started[0] = bzrtp_startChannelEngine(talker, settings->ssrc[0]) == 0;
	else if (!strcmp(line, "second")) {
		bzrtp_addChannel(talker, settings->ssrc[1]);
		bzrtp_setClientData(talker, settings->ssrc[1], &settings->ssrc[1]);
		print_hello_hash(settings->ssrc[1]);
		started[1] = bzrtp_startChannelEngine(talker, settings->ssrc[1]) == 0;
	} else if (sscanf(line, "packet %u %n", &ssrc, &at) == 1) {
		int code = bzrtp_processMessage(talker, ssrc, packet, (uint16_t)read_hex(line + at, packet, sizeof packet));
		if (code) printf("refused %u 0x%x\n", ssrc, code);
	}
	return 1;
}

/* Reads what is there and obeys whole lines; 0 at the end. */
static int read_lines(struct settings *settings)
{
	static char buffer[max_line];
	static size_t filled;
	ssize_t count = read(0, buffer + filled, sizeof buffer - filled);
	if (count <= 0) return 0;
	filled += (size_t)count;
	for (char *end; (end = memchr(buffer, '\n', filled));) {
		*end = 0;
		if (!obey(settings, buffer)) return 0;
		size_t used = (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, filled - used);
		filled -= used;
	}
	return filled < sizeof buffer;
}

static int talk(int count, char **words)
{
	struct settings settings = {.ssrc = {1, 2}, .self = "sip:self@test", .peer = "sip:peer@test"};
	bzrtpCallbacks_t callbacks = {.bzrtp_sendData = talk_send,
	                              .bzrtp_srtpSecretsAvailable = talk_secrets,
	                              .bzrtp_startSrtpSession = talk_secure,
	                              .bzrtp_contextReadyForExportedKeys = talk_export};
	const char *peer_hash = NULL;
	sqlite3 *cache = NULL;
	talker = bzrtp_createBzrtpContext();
	bzrtp_setCallbacks(talker, &callbacks);
	for (int i = 0; i < count; i++) {
		char *value = strchr(words[i], '=');
		if (!value) return 2;
		*value++ = 0;
		set(&settings, words[i], value);
		if (!strcmp(words[i], "peer-hash")) peer_hash = value;
	}
	if (settings.cache && (sqlite3_open(settings.cache, &cache) || bzrtp_setZIDCache_lock(talker, cache, settings.self, settings.peer, NULL) > 0xffff))
		return 1;
	if (bzrtp_initBzrtpContext(talker, settings.ssrc[0])) return 1;
	bzrtp_setClientData(talker, settings.ssrc[0], &settings.ssrc[0]);
	if (peer_hash) bzrtp_setPeerHelloHash(talker, settings.ssrc[0], (uint8_t *)peer_hash, strlen(peer_hash));
	print_hello_hash(settings.ssrc[0]);
	double start = milliseconds(CLOCK_MONOTONIC);
	for (int going = 1; going;) {
		struct pollfd input = {.fd = 0, .events = POLLIN};
		if (poll(&input, 1, 5) > 0) going = read_lines(&settings);
		for (int i = 0; i < 2; i++)
			if (started[i]) bzrtp_iterate(talker, settings.ssrc[i], (uint64_t)(milliseconds(CLOCK_MONOTONIC) - start));
	}
	if (started[1]) bzrtp_destroyBzrtpContext(talker, settings.ssrc[1]);
	bzrtp_destroyBzrtpContext(talker, settings.ssrc[0]);
	if (cache) sqlite3_close(cache);
	return 0;
}

/* ---- bench ---- */

struct end {
	bzrtpContext_t *context;
	uint32_t ssrc;
	int is_secure;
};

static struct end ends[2];
static struct {
	uint8_t bytes[max_packet];
	uint16_t length;
	int to;
} queue[max_queue];
static int queued, taken;

static int bench_send(void *end, const uint8_t *packet, uint16_t length)
{
	if (queued == max_queue) return 1;
	memcpy(queue[queued].bytes, packet, length);
	queue[queued].length = length;
	queue[queued++].to = end == &ends[0];
	return 0;
}

static int bench_secure(void *end, const bzrtpSrtpSecrets_t *secrets, int32_t verified)
{
	(void)secrets;
	(void)verified;
	((struct end *)end)->is_secure = 1;
	return 0;
}

/* CPU milliseconds from the first Hello to both ends secure, or a negative number. */
static double handshake(const char *agreement)
{
	bzrtpCallbacks_t callbacks = {.bzrtp_sendData = bench_send, .bzrtp_startSrtpSession = bench_secure};
	queued = taken = 0;
	for (int i = 0; i < 2; i++) {
		ends[i] = (struct end){.context = bzrtp_createBzrtpContext(), .ssrc = 1000u + (uint32_t)i};
		bzrtp_setCallbacks(ends[i].context, &callbacks);
		prefer(ends[i].context, ZRTP_KEYAGREEMENT_TYPE, agreement);
		bzrtp_initBzrtpContext(ends[i].context, ends[i].ssrc);
		bzrtp_setClientData(ends[i].context, ends[i].ssrc, &ends[i]);
	}
	double start = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 0; i < 2; i++)
		bzrtp_startChannelEngine(ends[i].context, ends[i].ssrc);
	for (uint64_t now = 0; now < 20000 && !(ends[0].is_secure && ends[1].is_secure); now += 10) {
		for (int i = 0; i < 2; i++)
			bzrtp_iterate(ends[i].context, ends[i].ssrc, now);
		for (; taken < queued; taken++)
			bzrtp_processMessage(ends[queue[taken].to].context, ends[queue[taken].to].ssrc, queue[taken].bytes, queue[taken].length);
	}
	double spent = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - start;
	int both = ends[0].is_secure && ends[1].is_secure;
	for (int i = 0; i < 2; i++)
		bzrtp_destroyBzrtpContext(ends[i].context, ends[i].ssrc);
	return both ? spent : -1;
}

int main(int count, char **words)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count > 1 && !strcmp(words[1], "talk")) return talk(count - 2, words + 2);
	if (count != 4 || strcmp(words[1], "bench")) return 2;
	for (int round = atoi(words[3]); round > 0; round--)
		printf("%.4f\n", handshake(words[2]));
	return 0;
}
