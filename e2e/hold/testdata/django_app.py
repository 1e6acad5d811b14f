"""The same as a Django project of one file: gunicorn django_app:application"""

from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"], SECRET_KEY="of no use", ROOT_URLCONF=__name__, MIDDLEWARE=[], DATA_UPLOAD_MAX_MEMORY_SIZE=None
)

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import re_path  # noqa: E402

from notes import echo, large, note  # noqa: E402


def view(request):
    note(request.method, request.path)
    if request.path == "/large":
        return HttpResponse(large(), content_type="text/plain")
    body = request.FILES["file"].read() if request.path == "/form" else request.body
    length, coding = request.META.get("CONTENT_LENGTH"), request.META.get("HTTP_TRANSFER_ENCODING")
    return HttpResponse(echo(request.method, length, coding, body), content_type="text/plain")


urlpatterns = [re_path("", view)]
application = get_wsgi_application()
