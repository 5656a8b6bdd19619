"""Signed, expiring addresses of photos, so that a page can show them without a key."""

import base64
import binascii
import hashlib
import hmac
import time
from dataclasses import dataclass
from uuid import UUID

from api.errors import PhotoAddressExpired, PhotoAddressInvalid
from api.ids import public
from db import deployment
from db.postgres import Pool
from models.photo import Size

ROUND_S = 300
"""Addresses change only this often, so that browsers can keep the photos."""
VALID_S = 900
MAC_BYTES = 20


@dataclass(frozen=True)
class Addresses:
    """Writes addresses for one request. The signature carries the shop's id: it is how the photo is looked up."""

    secret: bytes
    origin: str
    expires: int

    def of(self, shop_id: UUID, photo_id: UUID, size: Size) -> str:
        signature = _sign(self.secret, shop_id, photo_id, size, self.expires)
        path = f"/v1/photos/{public('pho', photo_id)}/content"
        return f"{self.origin}{path}?size={size}&expires={self.expires}&signature={signature}"


class Signer:
    """Reads the deployment's signing key once."""

    def __init__(self, db: Pool) -> None:
        self._db = db
        self._secret: bytes | None = None

    async def addresses(self, origin: str) -> Addresses:
        return Addresses(await self._read(), origin.rstrip("/"), expiry(time.time()))

    async def shop(self, photo_id: UUID, size: Size, expires: int, signature: str) -> UUID:
        """The shop whose photo it is. Raises PhotoAddressInvalid, PhotoAddressExpired."""
        secret = await self._read()
        try:
            shop_id = UUID(bytes=base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_")[:16])
        except (binascii.Error, ValueError) as error:
            raise PhotoAddressInvalid("This photo's address was not given out here.") from error
        expected = _sign(secret, shop_id, photo_id, size, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise PhotoAddressInvalid("This photo's address was not given out here.")
        if expires < time.time():
            raise PhotoAddressExpired("This photo's address has expired; read the product again for a fresh one.")
        return shop_id

    async def _read(self) -> bytes:
        if self._secret is None:
            self._secret = await deployment.signing_key(self._db)
        return self._secret


def expiry(now: float) -> int:
    """Unix seconds, rounded: between VALID_S - ROUND_S and VALID_S from now."""
    return (int(now) // ROUND_S) * ROUND_S + VALID_S


def _sign(secret: bytes, shop_id: UUID, photo_id: UUID, size: Size, expires: int) -> str:
    message = b"%s%s%s:%d" % (shop_id.bytes, photo_id.bytes, size.encode(), expires)
    mac = hmac.new(secret, message, hashlib.sha256).digest()[:MAC_BYTES]
    return base64.urlsafe_b64encode(shop_id.bytes + mac).decode().rstrip("=")
