/*
 * libsrtp as a filter: srtp-peer PROFILE KEYSALT [MKI|-] [ENCRYPTED-ELEMENT-ID...]
 *
 * KEYSALT and MKI are hexadecimal. One sender and one receiver under the same key, for any SSRC. Requests on stdin, answers on
 * stdout, both framed: one byte, a length of two bytes (high byte first), the packet. The byte of a request is what to do:
 * 'p' protect RTP, 'u' unprotect RTP, 'P' protect RTCP, 'U' unprotect RTCP. The byte of an answer is libsrtp's status, 0 for
 * success; any other has no packet. Ends at the end of stdin; exit status 2 when libsrtp does not do the profile.
 */
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { max_packet = 4096, max_ids = 15, window = 1024 };

struct profile {
    const char *name;
    void (*rtp)(srtp_crypto_policy_t *);
    void (*rtcp)(srtp_crypto_policy_t *);
};

static const struct profile profiles[] = {
    {"AES_CM_128_HMAC_SHA1_80", srtp_crypto_policy_set_rtp_default, srtp_crypto_policy_set_rtcp_default},
    {"AES_CM_128_HMAC_SHA1_32", srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32, srtp_crypto_policy_set_rtcp_default},
    {"AES_192_CM_HMAC_SHA1_80", srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80,
     srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80},
    {"AES_192_CM_HMAC_SHA1_32", srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32,
     srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80},
    {"AES_256_CM_HMAC_SHA1_80", srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
     srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
    {"AES_256_CM_HMAC_SHA1_32", srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
     srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
    {"AEAD_AES_128_GCM", srtp_crypto_policy_set_aes_gcm_128_16_auth, srtp_crypto_policy_set_aes_gcm_128_16_auth},
    {"AEAD_AES_256_GCM", srtp_crypto_policy_set_aes_gcm_256_16_auth, srtp_crypto_policy_set_aes_gcm_256_16_auth},
};

static size_t from_hex(const char *text, unsigned char *out, size_t room)
{
    size_t length = 0;
    unsigned byte;
    while (length < room && sscanf(text + 2 * length, "%2x", &byte) == 1) out[length++] = (unsigned char)byte;
    return length;
}

static const struct profile *profile_named(const char *name)
{
    for (size_t at = 0; at < sizeof profiles / sizeof *profiles; at++)
        if (strcmp(profiles[at].name, name) == 0) return &profiles[at];
    return NULL;
}

static srtp_t session(const struct profile *profile, srtp_ssrc_type_t direction, srtp_master_key_t *key, int *ids,
                      int id_count)
{
    srtp_t made = NULL;
    srtp_policy_t policy;
    srtp_master_key_t *keys[1] = {key};
    memset(&policy, 0, sizeof policy);
    profile->rtp(&policy.rtp);
    profile->rtcp(&policy.rtcp);
    policy.ssrc.type = direction;
    policy.window_size = window;
    policy.keys = keys;
    policy.num_master_keys = 1;
    policy.enc_xtn_hdr = id_count > 0 ? ids : NULL;
    policy.enc_xtn_hdr_count = id_count;
    srtp_err_status_t status = srtp_create(&made, &policy);
    if (status == srtp_err_status_ok) return made;
    fprintf(stderr, "%s: srtp_create says %d\n", profile->name, (int)status);
    exit(2);
}

static srtp_err_status_t turn(int what, srtp_t sender, srtp_t receiver, unsigned char *packet, int *length, unsigned mki)
{
    switch (what) {
    case 'p': return srtp_protect_mki(sender, packet, length, mki, 0);
    case 'u': return srtp_unprotect_mki(receiver, packet, length, mki);
    case 'P': return srtp_protect_rtcp_mki(sender, packet, length, mki, 0);
    case 'U': return srtp_unprotect_rtcp_mki(receiver, packet, length, mki);
    default: exit(3);
    }
}

int main(int argc, char **argv)
{
    unsigned char keysalt[64], mki[64];
    int ids[max_ids], id_count = 0;
    const struct profile *profile = argc > 2 ? profile_named(argv[1]) : NULL;
    if (profile == NULL || srtp_init() != srtp_err_status_ok) return 1;
    from_hex(argv[2], keysalt, sizeof keysalt);
    srtp_master_key_t key = {.key = keysalt, .mki_id = mki, .mki_size = 0};
    if (argc > 3) key.mki_size = (unsigned)from_hex(argv[3], mki, sizeof mki);
    for (int at = 4; at < argc && id_count < max_ids; at++) ids[id_count++] = atoi(argv[at]);
    srtp_t sender = session(profile, ssrc_any_outbound, &key, ids, id_count);
    srtp_t receiver = session(profile, ssrc_any_inbound, &key, ids, id_count);

    /* libsrtp reads packets by words. */
    static union { unsigned char bytes[max_packet + SRTP_MAX_TRAILER_LEN + SRTP_MAX_MKI_LEN]; unsigned words; } packet;
    unsigned char head[3];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        int length = head[1] << 8 | head[2];
        if (length > max_packet || fread(packet.bytes, 1, (size_t)length, stdin) != (size_t)length) return 3;
        srtp_err_status_t status = turn(head[0], sender, receiver, packet.bytes, &length, key.mki_size > 0);
        if (status != srtp_err_status_ok) length = 0;
        unsigned char answer[3] = {(unsigned char)status, (unsigned char)(length >> 8), (unsigned char)length};
        fwrite(answer, 1, sizeof answer, stdout);
        fwrite(packet.bytes, 1, (size_t)length, stdout);
    }
    srtp_dealloc(sender);
    srtp_dealloc(receiver);
    srtp_shutdown();
    return 0;
}
