import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.google.gson.Gson;
import com.google.gson.annotations.SerializedName;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.EncryptionAlgorithmSpec;
import software.amazon.cryptography.materialproviders.ICryptographicMaterialsManager;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.CollectionOfErrors;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateDefaultCryptographicMaterialsManagerInput;
import software.amazon.cryptography.materialproviders.model.CreateMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRequiredEncryptionContextCMMInput;
import software.amazon.cryptography.materialproviders.model.EphemeralPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsEcdhStaticConfigurations;
import software.amazon.cryptography.materialproviders.model.KmsPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsPublicKeyDiscoveryInput;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;
import software.amazon.cryptography.materialproviders.model.PaddingScheme;
import software.amazon.cryptography.materialproviders.model.PublicKeyDiscoveryInput;
import software.amazon.cryptography.materialproviders.model.RawEcdhStaticConfigurations;
import software.amazon.cryptography.primitives.model.ECDHCurveSpec;

/**
 * Seals and opens files with AWS's Java Encryption SDK: one JSON request a line on standard input, one JSON answer a line. The same
 * requests as esdk.py takes.
 */
public final class Esdk {
  private static final Gson GSON = new Gson();

  // Endpoint, region and credentials come from the environment.
  private final KmsClient kms = KmsClient.create();
  private final MaterialProviders providers =
      MaterialProviders.builder().MaterialProvidersConfig(MaterialProvidersConfig.builder().build()).build();

  private record Request(
      @SerializedName("do") String action,
      List<Key> keys,
      Map<String, String> encryptionContext,
      List<String> required,
      int frameLength,
      String input,
      String output) {}

  private record Key(
      String keyring,
      String keyId,
      String algorithm,
      String curve,
      String keyNamespace,
      String keyName,
      String padding,
      String publicKey,
      String privateKey) {}

  public static void main(String[] args) throws Exception {
    var esdk = new Esdk();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      answers.println(GSON.toJson(esdk.answer(GSON.fromJson(line, Request.class))));
    }
  }

  private Map<String, ?> answer(Request request) {
    try {
      var source = Files.readAllBytes(Path.of(request.input));
      return request.action.equals("seal") ? seal(request, source) : open(request, source);
    } catch (Exception error) { // every failure is an answer
      return Map.of("error", error.getClass().getSimpleName(), "message", describe(error));
    }
  }

  private Map<String, ?> seal(Request request, byte[] source) throws Exception {
    var crypto =
        AwsCrypto.builder()
            // The default suite signs, which an RSA keyring of KMS refuses.
            .withEncryptionAlgorithm(CryptoAlgorithm.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY)
            .withEncryptionFrameSize(request.frameLength)
            .build();
    var sealed = crypto.encryptData(manager(request), source, request.encryptionContext);
    Files.write(Path.of(request.output), sealed.getResult());
    return Map.of();
  }

  private Map<String, ?> open(Request request, byte[] source) throws Exception {
    var opened = AwsCrypto.standard().decryptData(manager(request), source, request.encryptionContext);
    Files.write(Path.of(request.output), opened.getResult());
    return Map.of("encryptionContext", opened.getEncryptionContext());
  }

  /** A materials manager of all the keys, that leaves the required pairs out of the header. */
  private ICryptographicMaterialsManager manager(Request request) {
    var keyrings = request.keys.stream().map(this::keyring).toList();
    // The first makes the data key, each wraps it, any may unwrap it.
    var children = keyrings.subList(1, keyrings.size());
    var keyring =
        children.isEmpty()
            ? keyrings.get(0)
            : providers.CreateMultiKeyring(
                CreateMultiKeyringInput.builder().generator(keyrings.get(0)).childKeyrings(children).build());
    var manager =
        providers.CreateDefaultCryptographicMaterialsManager(
            CreateDefaultCryptographicMaterialsManagerInput.builder().keyring(keyring).build());
    if (request.required == null || request.required.isEmpty()) return manager;
    return providers.CreateRequiredEncryptionContextCMM(
        CreateRequiredEncryptionContextCMMInput.builder()
            .underlyingCMM(manager)
            .requiredEncryptionContextKeys(request.required)
            .build());
  }

  private IKeyring keyring(Key key) {
    return switch (key.keyring) {
      case "aws-kms-rsa" -> {
        var input =
            CreateAwsKmsRsaKeyringInput.builder()
                .kmsClient(kms)
                .kmsKeyId(key.keyId)
                .encryptionAlgorithm(EncryptionAlgorithmSpec.fromValue(key.algorithm));
        if (key.publicKey != null) input.publicKey(bytes(key.publicKey));
        yield providers.CreateAwsKmsRsaKeyring(input.build());
      }
      case "aws-kms-ecdh" ->
          providers.CreateAwsKmsEcdhKeyring(
              CreateAwsKmsEcdhKeyringInput.builder()
                  .kmsClient(kms)
                  .curveSpec(ECDHCurveSpec.valueOf(key.curve))
                  .KeyAgreementScheme(kmsEcdh(key))
                  .build());
      case "raw-ecdh" ->
          providers.CreateRawEcdhKeyring(
              CreateRawEcdhKeyringInput.builder()
                  .curveSpec(ECDHCurveSpec.valueOf(key.curve))
                  .KeyAgreementScheme(rawEcdh(key))
                  .build());
      case "raw-rsa" -> {
        var input =
            CreateRawRsaKeyringInput.builder()
                .keyNamespace(key.keyNamespace)
                .keyName(key.keyName)
                .paddingScheme(PaddingScheme.valueOf(key.padding));
        if (key.publicKey != null) input.publicKey(bytes(key.publicKey));
        if (key.privateKey != null) input.privateKey(bytes(key.privateKey));
        yield providers.CreateRawRsaKeyring(input.build());
      }
      default -> throw new IllegalArgumentException("no keyring " + key.keyring);
    };
  }

  /** With a public key, the KMS key seals for that; without one, it opens. */
  private static KmsEcdhStaticConfigurations kmsEcdh(Key key) {
    var scheme = KmsEcdhStaticConfigurations.builder();
    if (key.publicKey == null) {
      var own = KmsPublicKeyDiscoveryInput.builder().recipientKmsIdentifier(key.keyId);
      return scheme.KmsPublicKeyDiscovery(own.build()).build();
    }
    var both =
        KmsPrivateKeyToStaticPublicKeyInput.builder()
            .senderKmsIdentifier(key.keyId)
            .recipientPublicKey(bytes(key.publicKey));
    return scheme.KmsPrivateKeyToStaticPublicKey(both.build()).build();
  }

  private static RawEcdhStaticConfigurations rawEcdh(Key key) {
    var scheme = RawEcdhStaticConfigurations.builder();
    if (key.privateKey != null) {
      var own = PublicKeyDiscoveryInput.builder().recipientStaticPrivateKey(bytes(key.privateKey));
      return scheme.PublicKeyDiscovery(own.build()).build();
    }
    var theirs = EphemeralPrivateKeyToStaticPublicKeyInput.builder().recipientPublicKey(bytes(key.publicKey));
    return scheme.EphemeralPrivateKeyToStaticPublicKey(theirs.build()).build();
  }

  private static ByteBuffer bytes(String base64) {
    return ByteBuffer.wrap(Base64.getDecoder().decode(base64));
  }

  /** A keyring lists what went wrong with each data key. */
  private static String describe(Throwable error) {
    if (!(error instanceof CollectionOfErrors errors)) return String.valueOf(error.getMessage());
    var each = errors.list().stream().map(one -> one.getClass().getSimpleName() + ": " + describe(one));
    return errors.getMessage() + " " + each.collect(Collectors.joining("; "));
  }
}
