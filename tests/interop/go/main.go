// Seals and opens files with AWS's Go Encryption SDK: one JSON request a line on standard input, one JSON answer a line. The same
// requests as esdk.py takes.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	mpl "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygenerated"
	mpltypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygeneratedtypes"
	primitives "github.com/aws/aws-cryptographic-material-providers-library/releases/go/primitives/awscryptographyprimitivessmithygeneratedtypes"
	esdk "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygenerated"
	esdktypes "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygeneratedtypes"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

type request struct {
	Do                string
	Keys              []key
	EncryptionContext map[string]string
	Required          []string
	FrameLength       int64
	Input, Output     string
}

type key struct {
	Keyring               string
	KeyID                 string
	Algorithm             string
	Curve                 string
	KeyNamespace          string
	KeyName               string
	Padding               string
	PublicKey, PrivateKey []byte // base64 in JSON
}

type sdk struct {
	kms       *kms.Client
	providers *mpl.Client
	esdk      *esdk.Client
}

func main() {
	ctx := context.Background()
	// Endpoint, region and credentials come from the environment.
	settings := must(config.LoadDefaultConfig(ctx))
	peer := sdk{
		kms:       kms.NewFromConfig(settings),
		providers: must(mpl.NewClient(mpltypes.MaterialProvidersConfig{})),
		esdk:      must(esdk.NewClient(esdktypes.AwsEncryptionSdkConfig{})),
	}
	requests := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for requests.More() {
		var asked request
		must(0, requests.Decode(&asked))
		result, err := peer.answer(ctx, asked)
		if err != nil { // every failure is an answer
			result = map[string]any{"error": fmt.Sprintf("%T", err), "message": err.Error()}
		}
		must(0, answers.Encode(result))
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func (peer sdk) answer(ctx context.Context, asked request) (map[string]any, error) {
	source, err := os.ReadFile(asked.Input)
	if err != nil {
		return nil, err
	}
	manager, err := peer.manager(ctx, asked)
	if err != nil {
		return nil, err
	}
	if asked.Do == "seal" {
		// The default suite signs, which an RSA keyring of KMS refuses.
		suite := mpltypes.ESDKAlgorithmSuiteIdAlgAes256GcmHkdfSha512CommitKey
		sealed, err := peer.esdk.Encrypt(ctx, esdktypes.EncryptInput{
			Plaintext:         source,
			MaterialsManager:  manager,
			EncryptionContext: asked.EncryptionContext,
			AlgorithmSuiteId:  &suite,
			FrameLength:       &asked.FrameLength,
		})
		if err != nil {
			return nil, err
		}
		return map[string]any{}, os.WriteFile(asked.Output, sealed.Ciphertext, 0o600)
	}
	opened, err := peer.esdk.Decrypt(ctx, esdktypes.DecryptInput{
		Ciphertext:        source,
		MaterialsManager:  manager,
		EncryptionContext: asked.EncryptionContext,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"encryptionContext": opened.EncryptionContext}, os.WriteFile(asked.Output, opened.Plaintext, 0o600)
}

// A materials manager of all the keys, that leaves the required pairs out of the header.
func (peer sdk) manager(ctx context.Context, asked request) (mpltypes.ICryptographicMaterialsManager, error) {
	var keyrings []mpltypes.IKeyring
	for _, key := range asked.Keys {
		keyring, err := peer.keyring(ctx, key)
		if err != nil {
			return nil, err
		}
		keyrings = append(keyrings, keyring)
	}
	keyring := keyrings[0]
	if len(keyrings) > 1 {
		// The first makes the data key, each wraps it, any may unwrap it.
		all := mpltypes.CreateMultiKeyringInput{Generator: keyrings[0], ChildKeyrings: keyrings[1:]}
		multi, err := peer.providers.CreateMultiKeyring(ctx, all)
		if err != nil {
			return nil, err
		}
		keyring = multi
	}
	manager, err := peer.providers.CreateDefaultCryptographicMaterialsManager(
		ctx, mpltypes.CreateDefaultCryptographicMaterialsManagerInput{Keyring: keyring})
	if err != nil || len(asked.Required) == 0 {
		return manager, err
	}
	return peer.providers.CreateRequiredEncryptionContextCMM(ctx, mpltypes.CreateRequiredEncryptionContextCMMInput{
		UnderlyingCMM:                 manager,
		RequiredEncryptionContextKeys: asked.Required,
	})
}

func (peer sdk) keyring(ctx context.Context, key key) (mpltypes.IKeyring, error) {
	switch key.Keyring {
	case "aws-kms-rsa":
		return peer.providers.CreateAwsKmsRsaKeyring(ctx, mpltypes.CreateAwsKmsRsaKeyringInput{
			KmsClient:           peer.kms,
			KmsKeyId:            key.KeyID,
			EncryptionAlgorithm: kmstypes.EncryptionAlgorithmSpec(key.Algorithm),
			PublicKey:           key.PublicKey,
		})
	case "aws-kms-ecdh":
		return peer.providers.CreateAwsKmsEcdhKeyring(ctx, mpltypes.CreateAwsKmsEcdhKeyringInput{
			KmsClient:          peer.kms,
			CurveSpec:          primitives.ECDHCurveSpec(key.Curve),
			KeyAgreementScheme: key.kmsECDH(),
		})
	case "raw-ecdh":
		return peer.providers.CreateRawEcdhKeyring(ctx, mpltypes.CreateRawEcdhKeyringInput{
			CurveSpec:          primitives.ECDHCurveSpec(key.Curve),
			KeyAgreementScheme: key.rawECDH(),
		})
	case "raw-rsa":
		return peer.providers.CreateRawRsaKeyring(ctx, mpltypes.CreateRawRsaKeyringInput{
			KeyNamespace:  key.KeyNamespace,
			KeyName:       key.KeyName,
			PaddingScheme: mpltypes.PaddingScheme(key.Padding),
			PublicKey:     key.PublicKey,
			PrivateKey:    key.PrivateKey,
		})
	}
	return nil, fmt.Errorf("no keyring %s", key.Keyring)
}

// With a public key, the KMS key seals for that; without one, it opens.
func (key key) kmsECDH() mpltypes.KmsEcdhStaticConfigurations {
	if key.PublicKey == nil {
		return &mpltypes.KmsEcdhStaticConfigurationsMemberKmsPublicKeyDiscovery{
			Value: mpltypes.KmsPublicKeyDiscoveryInput{RecipientKmsIdentifier: key.KeyID},
		}
	}
	return &mpltypes.KmsEcdhStaticConfigurationsMemberKmsPrivateKeyToStaticPublicKey{
		Value: mpltypes.KmsPrivateKeyToStaticPublicKeyInput{
			SenderKmsIdentifier: key.KeyID,
			RecipientPublicKey:  key.PublicKey,
		},
	}
}

func (key key) rawECDH() mpltypes.RawEcdhStaticConfigurations {
	if key.PrivateKey != nil {
		return &mpltypes.RawEcdhStaticConfigurationsMemberPublicKeyDiscovery{
			Value: mpltypes.PublicKeyDiscoveryInput{RecipientStaticPrivateKey: key.PrivateKey},
		}
	}
	return &mpltypes.RawEcdhStaticConfigurationsMemberEphemeralPrivateKeyToStaticPublicKey{
		Value: mpltypes.EphemeralPrivateKeyToStaticPublicKeyInput{RecipientPublicKey: key.PublicKey},
	}
}
